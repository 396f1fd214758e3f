"""Train the two best models again: how much of their difference is training?"""
