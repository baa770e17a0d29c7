"""What does the utterance ask for?"""
