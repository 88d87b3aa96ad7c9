def render(about, results): return ""
def ratio_tables(results): 
    import json
    from stats import spread
    return "\n".join(m+" "+n+" "+json.dumps({k: round(spread(v)[1],2) for k,v in c.get("ms",{}).items()}) for m,r in results.items() for n,c in r["contenders"].items())
