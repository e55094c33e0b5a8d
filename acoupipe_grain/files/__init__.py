"""Files of numbers as data sources: WAV, raw matrices, MATLAB's, NumPy's, and several of them aligned in time."""
