"""The site: `python -m docs.site` builds start, tour, gallery, lectures, guides, reference and architecture as static pages."""
