"""The engines that run a plan, one file each."""
