"""Names, options and help of every command, in one file each; none of them imports torch."""
