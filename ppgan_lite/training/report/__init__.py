"""The report of a training: one HTML file that shows a run, or compares several, and says whether to go on.

It reads what a run's folder holds and needs neither Paddle nor a server; the page loads nothing.

| file | content |
|---|---|
| reporter.py | `reporting` renews the report of a running training |
| record.py | a run's folder as numbers and texts: `read_record` |
| curves.py | curves: moving means, trends, thinning |
| rules.py | what the curves say: pure functions of a record |
| charts.py | curves as charts, in the coordinates of an SVG |
| pictures.py | previews as data URIs of bounded size |
| page.py, page.html, page.css, page.js | the page |
| languages/ | the texts: a file for each language |
"""
