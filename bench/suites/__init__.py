"""The suites; each has run(setup, options) and returns a SuiteResult."""
