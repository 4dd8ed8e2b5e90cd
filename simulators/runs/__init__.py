"""What a simulated run says: figures of stations, the timeline, warm-up, waterfalls and replications."""
