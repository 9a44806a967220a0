"""Doubles for tests (a frozen clock, a failing database), builders of rows, a site's backend.

Shipped with the package, so that each part's tests stand on the same ones.
"""
