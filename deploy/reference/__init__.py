"""The reference, written from the code it describes: `python -m deploy.reference`; a test fails when it has drifted."""
