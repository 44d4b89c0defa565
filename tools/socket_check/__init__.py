"""Histories of the simulated world lived again by the real process, over a real socket: is the simulator too kind?"""
