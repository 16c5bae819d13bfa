"""Anything that can be pulsed and read: real instruments, or a simulated chip."""
