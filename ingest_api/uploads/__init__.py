"""Receives uploaded files, names them, and checks their headers before anything is stored."""
