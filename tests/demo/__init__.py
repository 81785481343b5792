"""Tests of the demo: its bundled databases, and what runs on them."""
