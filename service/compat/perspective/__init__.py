"""Perspective's door: `comments:analyze` and `comments:suggestscore`.

It follows the reference of Google's Perspective API, v1alpha1 («API methods»,
https://developers.perspectiveapi.com/s/about-the-api-methods).
"""
