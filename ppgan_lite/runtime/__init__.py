"""The machine: device, memory, threads, start-up order, cache folder, files."""
