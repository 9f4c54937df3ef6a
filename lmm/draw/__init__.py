"""Pen and paper: axes with points, lines, areas and labels, written as SVG for a page and as PDF for a paper.

A general plotting library costs more than all the statistics of a study: its import, a layout engine that draws
everything twice to measure it, an object for every tick. Figures of one style need a tenth of that. Arrays and words
come in, two texts go out; numpy is all it imports.
"""
