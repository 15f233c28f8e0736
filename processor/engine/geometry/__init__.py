"""Where each pixel of a variant comes from: sizes, parts and turns as plain numbers; knows no pixels."""
