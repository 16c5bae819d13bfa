setUpTheme();
