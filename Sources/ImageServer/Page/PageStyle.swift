/// How the pages look: on narrow and wide screens, by day and by night.
enum PageStyle {
    static let text = """
        :root{color-scheme:light dark;--text:#1c2733;--dim:#5b6b7b;--line:#d9e0e7;--back:#f6f8fa;--card:#fff;--link:#0b62a8;--mark:#e8f1f9}
        @media(prefers-color-scheme:dark){:root{--text:#e3e9ef;--dim:#94a3b3;--line:#2c3742;--back:#12181e;--card:#1a222a;--link:#6db7f2;--mark:#20303e}}
        *{box-sizing:border-box}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);margin:0 auto;max-width:78rem;padding:1.2rem 1rem 3rem}
        a{color:var(--link);text-decoration:none}
        a:hover{text-decoration:underline}
        h1{font-size:1.5rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
        h2{font-size:1rem;margin:1.6rem 0 .5rem}
        p{margin:.5rem 0}
        .dim,time,.kind{color:var(--dim)}
        .channels{display:flex;flex-wrap:wrap;gap:.3rem;margin:.7rem 0}
        .channels>*{padding:.1rem .7rem;border:1px solid var(--line);border-radius:1rem}
        .channels>b{background:var(--mark);border-color:var(--link)}
        form{display:flex;gap:.5rem;margin:.9rem 0 .3rem}
        input,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.4rem .7rem}
        input{flex:1;min-width:0;max-width:30rem}
        button{cursor:pointer}
        button:hover{border-color:var(--link)}
        :focus-visible{outline:2px solid var(--link);outline-offset:1px}
        code,pre,.uuid{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        .copy{display:none;min-width:4.2rem;padding:.05rem .5rem;font-size:12px}
        .js .copy{display:inline-block}
        .command{display:flex;align-items:flex-start;gap:.5rem;margin:.35rem 0;max-width:100%}
        .command code{background:var(--mark);border-radius:.4rem;padding:.25rem .6rem;overflow-wrap:anywhere;min-width:0;white-space:pre-wrap}
        .command .copy{flex:none;padding:.2rem .5rem}
        .list,.group{list-style:none;margin:0;padding:0}
        .list{background:var(--card);border:1px solid var(--line);border-radius:.6rem;overflow:hidden;margin-top:.6rem}
        .row{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,1fr) 11rem 5.6rem 5.4rem 22.5rem;gap:0 1rem;align-items:baseline;padding:.45rem 1rem}
        .row>*{min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        .titles{font-size:13px;color:var(--dim);border-bottom:1px solid var(--line)}
        .titles b{color:var(--text)}
        .group+.group,.more{border-top:1px solid var(--line)}
        .name{font-weight:600}
        .about{color:var(--dim);font-size:13px;margin:-.35rem 0 .45rem;padding:0 1rem;overflow-wrap:anywhere}
        .skip{position:absolute;left:-99rem}
        .skip:focus{left:1rem;top:.3rem}
        .newer{border-left:3px solid var(--link);background:var(--mark);border-radius:.4rem;padding:.3rem .8rem;margin:.7rem 0 0}
        .size{text-align:right;font-variant-numeric:tabular-nums}
        time{font-variant-numeric:tabular-nums}
        .get{display:flex;justify-content:space-between;gap:.5rem;align-items:baseline;overflow:visible}
        .get .copy{flex:none}
        details>summary{cursor:pointer;color:var(--link);padding:0 1rem .45rem;font-size:13px}
        details .row{background:var(--back)}
        .more{padding:.4rem 1rem;font-size:13px}
        .nothing{padding:2.5rem 1rem;text-align:center}
        .pages{display:flex;justify-content:space-between;margin:1rem 0}
        dl{display:grid;grid-template-columns:9rem minmax(0,1fr);gap:.3rem 1rem;margin:0}
        dt{color:var(--dim)}
        dd{margin:0;overflow-wrap:anywhere}
        .uuid,time{white-space:nowrap}
        section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.2rem 1rem 1rem;margin-top:1rem}
        section h2{margin-top:.9rem}
        .badge{display:inline-block;font-size:12px;border:1px solid var(--line);border-radius:1rem;padding:0 .6rem;margin-right:.3rem;background:var(--mark)}
        .top{display:flex;gap:1rem;align-items:center;margin-top:.6rem}
        .top img{width:3rem;height:3rem;object-fit:contain;flex:none}
        .chain{margin:0;padding-left:1.4rem}
        .chain li{padding:.1rem 0;overflow-wrap:anywhere}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0 0}
        section details>summary{padding:.9rem 0 0}
        .off{position:fixed;top:0;opacity:0}
        @media(max-width:74rem){
        .row{grid-template-columns:minmax(0,2fr) minmax(0,1fr) 11rem 5.6rem 5.4rem}
        .get{grid-column:1/-1;justify-content:flex-start}
        .titles .get{display:none}
        }
        @media(max-width:44rem){
        .row{display:flex;flex-wrap:wrap;gap:0 .7rem;padding:.55rem .8rem}
        .titles{display:flex}
        .titles>span:not(.size){display:none}
        .row .kind,.row time,.row .size{font-size:13px}
        .row .name{flex:1 1 60%}
        .row .version{flex:0 1 auto;max-width:38%}
        .row .get{flex:1 1 100%}
        .get .uuid{font-size:12px}
        .get .copy{padding:0 .3rem;min-width:3.6rem}
        details>summary{padding:0 .8rem .5rem}
        .about{padding:0 .8rem;margin-top:-.4rem}
        dl{grid-template-columns:minmax(0,1fr);gap:0}
        dd{margin-bottom:.5rem}
        }
        """
}
