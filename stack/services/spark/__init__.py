"""The Spark job: raw logs in, key events out. `stack/services/spark_job.py` keeps it running.

| what | file |
| --- | --- |
| how it is to run, from the environment | `config.py` |
| a session, with what reads Kafka; what that is told of the bus | `session.py`; `options.py` |
| the same without the connector; when it is used beside it | `data_source.py`; `detour.py` |
| the query; what executors run | `query.py`; `mining.py` |
| the process that runs it, and tells how it stands | `process.py` |
"""
