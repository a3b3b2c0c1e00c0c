"""The languages that the program speaks.

| file | content |
|---|---|
| texts.py | texts by key, for the window and the command line: words of errors |
| en.py, zh.py | these texts; what only the window says is in `gui/languages` |
| terminal.py | what the command line says, in the language of the process |
| terminal_zh/ | its Chinese; the English texts in the code are the keys |
| width.py | the columns that a text takes on a terminal |
"""
