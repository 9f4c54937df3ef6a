"""Sections of the report that have figures: what came before any model, and the model with its checks."""

DATA, MODEL = "data", "model"
