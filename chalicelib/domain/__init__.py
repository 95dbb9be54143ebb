"""What tokens and users are and which changes they allow. No I/O, no clock, no environment."""
