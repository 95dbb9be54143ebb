"""What things take and cost: `make bench` prints one table. Only arithmetic and exact counts are tested."""
