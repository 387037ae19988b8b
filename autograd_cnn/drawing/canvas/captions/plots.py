"""Captions of learned kernels, activations and curves: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "filters": ("Learned kernels", "Gelernte Filter"),
    "filters sub": (
        "one tile a kernel, output channel against input channel; blue is positive, vermilion negative",
        "eine Kachel je Filter, Ausgabekanal gegen Eingabekanal; blau positiv, zinnober negativ",
    ),
    "filters one": (
        "one tile an output channel; blue is positive, vermilion negative",
        "eine Kachel je Ausgabekanal; blau positiv, zinnober negativ",
    ),
    "shown of": (
        "the first {} of {} kernels; slice the weight to see others",
        "die ersten {} von {} Filtern; andere durch Ausschneiden der Gewichte",
    ),
    "activations": ("Activations", "Aktivierungen"),
    "activations sub": (
        "each layer's maps, with the range of its values",
        "die Karten jeder Schicht, mit dem Bereich ihrer Werte",
    ),
    "maps": ("{} maps", "{} Karten"),
    "one map": ("1 map", "1 Karte"),
    "units": ("{} units", "{} Einheiten"),
    "image": ("image", "Bild"),
    "curves": ("Training", "Training"),
    "epoch": ("epoch", "Epoche"),
    "step": ("step", "Schritt"),
    "accuracy": ("accuracy", "Genauigkeit"),
    "train": ("train", "Training"),
    "test": ("test", "Test"),
    "confusion": ("Confusion matrix", "Verwechslungsmatrix"),
    "confusion sub": ("{} of {} right, {} %", "{} von {} richtig, {} %"),
    "true class": ("true class", "wahre Klasse"),
    "predicted class": ("predicted class", "vorhergesagte Klasse"),
    "right": ("right", "richtig"),
    "share of class": ("share of the class", "Anteil der Klasse"),
    "most often": ("Most often confused:", "Am häufigsten verwechselt:"),
    "surface": ("Loss surface", "Verlustfläche"),
    "surface sub": (
        "level lines from above; a ring where each path begins, at the right its steps and where it ends",
        "Höhenlinien von oben; ein Ring am Anfang jedes Weges, rechts seine Schritte und sein Endwert",
    ),
    "path": ("path", "Weg"),
    "path steps": ("{} steps", "{} Schritte"),
    "path end": ("{} steps, ends at {}", "{} Schritte, endet bei {}"),
    "levels": ("level lines from above", "Höhenlinien von oben"),
    "saliency": ("What the score depends on", "Wovon die Bewertung abhängt"),
    "saliency sub": (
        "gradient of the score of {} by each pixel; the largest of the channels, without its sign",
        "Gradient der Bewertung von {} nach jedem Pixel; der größte der Kanäle, ohne Vorzeichen",
    ),
    "saliency map": ("gradient", "Gradient"),
    "overlay": ("on the picture", "auf dem Bild"),
    "score": ("score {}", "Bewertung {}"),
    "class": ("class {}", "Klasse {}"),
}
