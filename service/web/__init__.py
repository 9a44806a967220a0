"""What browsers get: vendored static files; pages come with the desk."""
