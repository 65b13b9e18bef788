/// What the pages do beyond what they can do without a script: search while typing, and copy.
enum PageScript {
    static let text = """
        'use strict';
        document.documentElement.classList.add('js');
        async function copy(text){
        if(navigator.clipboard)try{await navigator.clipboard.writeText(text);return true}catch{}
        const area=document.createElement('textarea');area.className='off';area.value=text;document.body.append(area);area.select();
        const done=document.execCommand('copy');area.remove();return done
        }
        document.addEventListener('click',async event=>{
        const button=event.target.closest('button.copy');if(!button)return;
        const done=await copy(button.dataset.copy);button.focus();
        button.textContent=done?'Copied':'No';document.getElementById('said').textContent=done?'Copied':'This cannot be copied';setTimeout(()=>button.textContent='Copy',1500)
        });
        const form=document.querySelector('form');
        if(form){
        let timer,running;
        const look=async()=>{
        const url=new URL(location);url.searchParams.delete('page');
        if(form.q.value.trim())url.searchParams.set('q',form.q.value);else url.searchParams.delete('q');
        running?.abort();running=new AbortController();
        try{
        const answer=await fetch(url,{signal:running.signal});
        if(!answer.ok)throw new Error(answer.status);
        const found=new DOMParser().parseFromString(await answer.text(),'text/html');
        document.querySelector('main').replaceWith(found.querySelector('main'));
        document.getElementById('count').textContent=found.getElementById('count').textContent;
        history.replaceState(null,'',url)
        }catch(error){if(error.name!=='AbortError')form.submit()}
        };
        form.q.addEventListener('input',()=>{clearTimeout(timer);timer=setTimeout(look,100)})
        }
        """
}
