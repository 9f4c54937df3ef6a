"""Cross-validation: how well a model predicts new groups, and new occasions of known groups.

`folds` say which rows are held out; `score` fits models to the other rows and predicts them, a few folds per job;
`scores` are put together from the jobs, and `comparison` sets the models side by side. What a study asks for is read in
`targets`, done job by job in `parts`, and gathered in `gathered`.
"""
