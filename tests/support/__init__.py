"""The parts that tests share: builders, fakes, a clock to set, callers of the app."""
