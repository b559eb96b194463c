"""What makes a call cheap: audio goes where it is needed, past everybody else."""
