"""The main job: train a network on pictures of digits, keep everything needed to go on, and draw what it learned."""
