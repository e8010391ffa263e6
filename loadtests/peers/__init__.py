"""Other queues, run beside ours in `./pombo bench peers` and nowhere else."""
