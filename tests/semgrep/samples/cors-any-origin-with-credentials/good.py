def protect(app, middleware, origins):
    # ok: cors-any-origin-with-credentials
    app.add_middleware(middleware, allow_origins=origins, allow_credentials=True)
    # ok: cors-any-origin-with-credentials
    app.add_middleware(middleware, allow_origins=["*"], allow_credentials=False)
