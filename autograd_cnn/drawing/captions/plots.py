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
}
