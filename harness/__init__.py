"""The lab: claims → experiment → machine → sandbox → probe → samples → evidence → verdicts → reports."""
