"""Helpers for tests: a frozen clock, a failing database, builders of rows, a site's backend.

They are shipped with the package, so that the tests of all parts use the same ones.
"""
