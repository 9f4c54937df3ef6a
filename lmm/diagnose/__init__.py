"""Does the chosen model describe the data? Figures with their reading, refitted by REML."""

from lmm.diagnose.diagnosis import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
