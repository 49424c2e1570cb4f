"""What Python is offered: the functions that `glckit` hands on."""
