"""End-to-end tests: suites, page objects, fixtures, mocks."""
