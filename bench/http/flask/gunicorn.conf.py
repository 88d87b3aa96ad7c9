"""Two workers that share the cores: left alone, PyTorch in each would start a thread on every core."""

import os

workers = 2
raw_env = [f"OMP_NUM_THREADS={max(1, os.cpu_count() // workers)}"]
