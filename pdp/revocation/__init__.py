"""The kill switch: what may no longer act, who says so, and how every process and gateway hears of it at once."""
