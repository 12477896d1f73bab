"""What Razbor is shipped with: the locked packages and their licences."""
