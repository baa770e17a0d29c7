"""The corpus: intents in families of confusable siblings, and requests labelled against every sibling.

``GUIDE.md`` beside this file defines the format; ``read.py`` reads it; ``check.py`` checks it.
"""
