"""Lines of logs on their way to the bus, `logs.raw.<service>`.

`shipper.py` is the one door; `naming.py` says which service a log belongs to.
"""
