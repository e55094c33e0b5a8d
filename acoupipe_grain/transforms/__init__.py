"""What is done to arrays between the source and the model, and after it: companding, normalisation, overlap-add."""
