"""The languages of the report: a file each, with the words of judgements, charts and the page."""
