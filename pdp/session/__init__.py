"""What has this run already been given? Pure: state in, state out; time is a parameter, storing it is the caller's."""
