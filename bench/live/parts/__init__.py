"""The measurements of bench/live/run."""
