"""The studio: a page in the browser in which a network is looked into while it computes.

`autograd-cnn studio` opens it; the extra `[studio]` brings the server.
"""
