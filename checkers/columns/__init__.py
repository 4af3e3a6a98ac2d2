"""Long histories of the plain kind, decided on numpy columns.

Columns decide: a history holds, or here it breaks. Why it breaks is told by the plain checkers,
which are also the twins that the tests compare these with. numpy is optional: nothing outside this
folder imports what is in it, besides `gate`, before `gate.is_worth_it` was asked.
"""
