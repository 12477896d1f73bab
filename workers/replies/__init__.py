"""The wording of our replies: sentences as data, the order of the sentences, the subject line."""
